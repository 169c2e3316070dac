package artifacts_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"sync"
)

// A spy notes the GraphQL operations of one client. The registry's own log has
// those of the wandb package beside them, which speaks up when it likes.
type spy struct {
	mu   sync.Mutex
	sent []string
}

func (s *spy) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.Body != nil && req.URL.Path == "/graphql" {
		body, err := io.ReadAll(req.Body)
		req.Body.Close()
		if err != nil {
			return nil, err
		}
		var one struct {
			OperationName string `json:"operationName"`
		}
		if json.Unmarshal(body, &one) == nil {
			s.mu.Lock()
			s.sent = append(s.sent, one.OperationName)
			s.mu.Unlock()
		}
		req = req.Clone(req.Context())
		req.Body = io.NopCloser(bytes.NewReader(body))
	}
	return http.DefaultTransport.RoundTrip(req)
}

// operations are those sent since the last call.
func (s *spy) operations() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := slices.Clone(s.sent)
	s.sent = nil
	return out
}
