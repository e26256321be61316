import type { Field, Row } from '../../api/types'

/** What shows a value: the value, its declaration, and the record for words the server prepared. */
export interface ShowProps { value: unknown; field: Field; row?: Row }
