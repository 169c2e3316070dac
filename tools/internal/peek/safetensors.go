package peek

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
)

// mostHeaderBytes bounds the description at the start of a safetensors file. The
// format allows more than anybody has seen.
const mostHeaderBytes = 16 << 20

// ReadTensors reads which tensors a safetensors file holds, by name.
func ReadTensors(r io.ReaderAt, size int64) ([]Tensor, error) {
	var length [8]byte
	if size < 8 {
		return nil, badFormat("safetensors file", errors.New("it is too short"))
	}
	if _, err := r.ReadAt(length[:], 0); err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	n := binary.LittleEndian.Uint64(length[:])
	if n > mostHeaderBytes || int64(n) > size-8 {
		return nil, badFormat("safetensors file", fmt.Errorf("its description would have %d bytes", n))
	}
	text := make([]byte, n)
	if _, err := io.ReadFull(io.NewSectionReader(r, 8, int64(n)), text); err != nil {
		return nil, err
	}
	var entries map[string]json.RawMessage
	if err := json.Unmarshal(text, &entries); err != nil {
		return nil, badFormat("safetensors file", err)
	}
	var out []Tensor
	for _, name := range slices.Sorted(maps.Keys(entries)) {
		if name == "__metadata__" {
			continue
		}
		var e struct {
			DType   string   `json:"dtype"`
			Shape   []int64  `json:"shape"`
			Offsets [2]int64 `json:"data_offsets"`
		}
		if err := json.Unmarshal(entries[name], &e); err != nil {
			return nil, badFormat("safetensors file", fmt.Errorf("tensor %q: %w", name, err))
		}
		out = append(out, Tensor{Name: name, Type: e.DType, Shape: e.Shape, Bytes: e.Offsets[1] - e.Offsets[0]})
	}
	return out, nil
}

// String is the tensor's type and shape: F16 [2 3].
func (t Tensor) String() string { return fmt.Sprint(t.Type, " ", t.Shape) }
