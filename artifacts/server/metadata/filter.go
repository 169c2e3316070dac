package metadata

// A Filter is a condition on the fields of listed things, in the form of the
// MongoDB-like JSON that W&B clients send. ParseFilter makes one.
type Filter struct {
	// Exactly one of these is used.
	And, Or []Filter
	Not     *Filter
	Field   string // with Op and Value(s)

	Op    string // eq ne gt gte lt lte in nin regex exists contains
	Value any    // string, float64, int64, bool, nil, or []any for in and nin
}
