package sqlite

import "context"

// Check verifies the database.
func (s *Store) Check(ctx context.Context, report func(problem string)) error {
	return s.readTogether(ctx, func(q session) error {
		return each(ctx, q, func(r scanner) error {
			var text string
			if err := r.Scan(&text); err != nil {
				return err
			}
			if text != "ok" {
				report(text)
			}
			return nil
		}, "PRAGMA integrity_check")
	})
}
