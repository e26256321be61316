package schema

// moneyKind is a decimal of yuan with two digits.
type moneyKind struct{ decimalKind }
