import PlaceInput from '../../components/input/PlaceInput.vue'
import PlaceShow from '../../components/show/PlaceShow.vue'
import { fromJson } from '../../kernel/feel/value'
import { defineField } from '../kind'

export default defineField({
  input: PlaceInput,
  show: PlaceShow,
  wide: true,
  text: (v) => {
    const place = v as { address?: string; lon?: number; lat?: number }
    return place.address ?? (place.lon === undefined ? '' : `${place.lon.toFixed(6)}, ${(place.lat ?? 0).toFixed(6)}`)
  },
  feel: (v) => fromJson({ lon: null, lat: null, address: null, grid: null, area: null, ...(v as object) }),
})
