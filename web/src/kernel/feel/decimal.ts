/** Exact decimal numbers: coefficient × 10^-scale. Division keeps 34 digits, half even, as the server does. */

const PRECISION = 34

function pow10(n: number): bigint {
  return 10n ** BigInt(n)
}

export type Rounding = 'even' | 'up' | 'down' | 'half up' | 'half down' | 'floor' | 'ceiling'

export class Decimal {
  readonly coefficient: bigint
  readonly scale: number

  private constructor(coefficient: bigint, scale: number) {
    while (scale > 0 && coefficient % 10n === 0n) {
      coefficient /= 10n
      scale--
    }
    this.coefficient = coefficient
    this.scale = scale
  }

  static of(n: number): Decimal | null {
    return Number.isFinite(n) ? Decimal.parse(String(n)) : null
  }

  static parse(text: string): Decimal | null {
    const m = /^(-?)(\d*)(?:\.(\d+))?(?:[eE]([+-]?\d{1,4}))?$/.exec(text.trim())
    if (!m || (!m[2] && !m[3])) return null
    const fraction = m[3] ?? ''
    let coefficient = BigInt((m[2] ?? '') + fraction)
    let scale = fraction.length - Number(m[4] ?? 0)
    if (scale < 0) {
      coefficient *= pow10(-scale)
      scale = 0
    }
    return new Decimal(m[1] ? -coefficient : coefficient, scale)
  }

  private aligned(o: Decimal): [bigint, bigint, number] {
    const scale = Math.max(this.scale, o.scale)
    return [this.coefficient * pow10(scale - this.scale), o.coefficient * pow10(scale - o.scale), scale]
  }

  add(o: Decimal): Decimal {
    const [a, b, scale] = this.aligned(o)
    return new Decimal(a + b, scale)
  }

  sub(o: Decimal): Decimal {
    return this.add(o.neg())
  }

  neg(): Decimal {
    return new Decimal(-this.coefficient, this.scale)
  }

  mul(o: Decimal): Decimal {
    return new Decimal(this.coefficient * o.coefficient, this.scale + o.scale).fit()
  }

  div(o: Decimal): Decimal | null {
    if (o.coefficient === 0n) return null
    const [a, b] = this.aligned(o)
    const whole = String(a / b).replace('-', '').length
    const digits = Math.max(0, PRECISION - (a / b === 0n ? 0 : whole)) + 12
    return new Decimal((a * pow10(digits)) / b, digits).fit()
  }

  pow(o: Decimal): Decimal | null {
    if (o.scale !== 0 || o.coefficient < -999n || o.coefficient > 999n) {
      return Decimal.of(Math.pow(this.number(), o.number()))
    }
    const n = Number(o.coefficient)
    const power = new Decimal(this.coefficient ** BigInt(Math.abs(n)), this.scale * Math.abs(n)).fit()
    return n >= 0 ? power : ONE.div(power)
  }

  /** The remainder that has the sign of the divisor (FEEL modulo). */
  mod(o: Decimal): Decimal | null {
    if (o.coefficient === 0n) return null
    const [a, b, scale] = this.aligned(o)
    let r = a % b
    if (r !== 0n && r < 0n !== b < 0n) r += b
    return new Decimal(r, scale)
  }

  cmp(o: Decimal): number {
    const [a, b] = this.aligned(o)
    return a < b ? -1 : a > b ? 1 : 0
  }

  /** Rounds to a number of decimals, which may be negative. */
  round(decimals: number, mode: Rounding): Decimal {
    if (this.scale <= decimals) return this
    const unit = pow10(this.scale - decimals)
    const negative = this.coefficient < 0n
    const size = negative ? -this.coefficient : this.coefficient
    let quotient = size / unit
    const rest = size % unit
    const half = rest * 2n < unit ? -1 : rest * 2n > unit ? 1 : 0
    if (rest !== 0n && awayFromZero(mode, negative, half, quotient)) quotient += 1n
    const coefficient = negative ? -quotient : quotient
    return decimals >= 0 ? new Decimal(coefficient, decimals) : new Decimal(coefficient * pow10(-decimals), 0)
  }

  abs(): Decimal {
    return this.coefficient < 0n ? this.neg() : this
  }

  private fit(): Decimal {
    const digits = String(this.coefficient).replace('-', '').length
    return digits > PRECISION ? this.round(this.scale - (digits - PRECISION), 'even') : this
  }

  integer(): number | null {
    return this.scale === 0 ? Number(this.coefficient) : null
  }

  number(): number {
    return Number(this.toString())
  }

  toString(): string {
    const negative = this.coefficient < 0n
    const digits = String(negative ? -this.coefficient : this.coefficient).padStart(this.scale + 1, '0')
    const at = digits.length - this.scale
    const text = this.scale ? digits.slice(0, at) + '.' + digits.slice(at) : digits
    return (negative ? '-' : '') + text
  }

  /** The text with exactly so many decimals, as amounts of money are stored. */
  fixed(decimals: number): string {
    const rounded = this.round(decimals, 'half up')
    const [whole = '0', fraction = ''] = rounded.toString().split('.')
    return decimals > 0 ? whole + '.' + fraction.padEnd(decimals, '0') : whole
  }
}

function awayFromZero(mode: Rounding, negative: boolean, half: number, quotient: bigint): boolean {
  switch (mode) {
    case 'up': return true
    case 'down': return false
    case 'floor': return negative
    case 'ceiling': return !negative
    case 'half up': return half >= 0
    case 'half down': return half > 0
    case 'even': return half > 0 || (half === 0 && quotient % 2n === 1n)
  }
}

const parsed = (text: string): Decimal => {
  const d = Decimal.parse(text)
  if (!d) throw new RangeError(text)
  return d
}
export const ZERO = parsed('0')
export const ONE = parsed('1')
