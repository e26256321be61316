const levels = 4

/** Which of four grounds a value stands on beside the largest; 0 is none. */
export const heatLevel = (value: number, top: number): number => (value <= 0 || top <= 0 ? 0 : Math.max(1, Math.ceil((value / top) * levels)))
