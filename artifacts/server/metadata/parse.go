package metadata

// ParseFilter reads the MongoDB-like JSON that W&B clients send as filters. An
// empty string and "null" are no filter: nil. KindInvalid if it is not
// understood.
func ParseFilter(json string) (*Filter, error) {
	return nil, &Error{Kind: KindInvalid, Message: "filters are not understood yet"}
}

// ParseOrder reads an order as W&B clients send it: "+field", "-field" or
// "field", several separated by commas. An empty string is no order: nil.
// KindInvalid if it is not understood.
func ParseOrder(order string) ([]Order, error) {
	return nil, &Error{Kind: KindInvalid, Message: "orders are not understood yet"}
}
