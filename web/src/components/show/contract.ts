import type { Field, Json, Row } from '../../api/types'

/** What shows a value: the value, its declaration, and the record for words the server prepared. */
export interface ShowProps { value: Json; field: Field; row?: Row }
