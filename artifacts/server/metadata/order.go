package metadata

import "strings"

// maxOrders is the most fields that an order may name.
const maxOrders = 4

// ParseOrder reads an order as W&B clients send it: "+field", "-field" or
// "field" (ascending), several separated by commas. An empty string is no
// order: nil. Field names are checked later: see Subject.Bind.
func ParseOrder(order string) ([]Order, error) {
	if strings.TrimSpace(order) == "" {
		return nil, nil
	}
	parts := strings.Split(order, ",")
	if len(parts) > maxOrders {
		return nil, invalidf("the order names %d fields; at most %d are accepted", len(parts), maxOrders)
	}
	orders := make([]Order, 0, len(parts))
	for _, part := range parts {
		name := strings.TrimSpace(part)
		desc := strings.HasPrefix(name, "-")
		if desc || strings.HasPrefix(name, "+") {
			name = name[1:]
		}
		if name == "" || strings.ContainsAny(name, "+ \t\r\n") || name[0] == '-' {
			return nil, invalidf("the order %.60q is not understood; write \"+name\" for ascending or \"-name\" for descending", order)
		}
		orders = append(orders, Order{Field: name, Desc: desc})
	}
	return orders, nil
}
