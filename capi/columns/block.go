package columns

import "encoding/binary"

// A block is, in words of 8 bytes in the order of the machine (all that we build
// for are little-endian):
//
//	magic, number of nodes
//	for each node: name, format, nullable, length, nulls, number of buffers,
//	               three buffers, number of children, first child
//	names and formats, each ended by NUL, and buffers, each at a multiple of 8
//
// Names, formats and buffers are given as offsets from the block's start, 0 for
// a buffer that is not there; children as indexes of nodes. Node 0 is the table:
// a struct whose children are the columns.
const (
	// Magic begins a block; columns.c holds the same number.
	Magic      = 0x314c4f4351494c52 // "RLIQCOL1"
	nodeWords  = 11
	mostBuffer = 3
)

// Block is the table in one piece.
func (t *Table) Block() []byte {
	w := writer{}
	root := node{format: "+s", length: t.length, buffers: [][]byte{nil}, children: len(t.columns), child: 1}
	nodes := []node{root}
	for _, c := range t.columns {
		nodes = append(nodes, c.node())
	}
	for i, c := range t.columns {
		if c.items != nil {
			nodes[i+1].children, nodes[i+1].child = 1, len(nodes)
			nodes = append(nodes, c.items.node())
		}
	}
	w.block = make([]byte, 8*(2+nodeWords*len(nodes)), 8*(2+nodeWords*len(nodes))+t.Size()+len(nodes)*64)
	w.put(0, Magic)
	w.put(1, len(nodes))
	for i, n := range nodes {
		at := 2 + i*nodeWords
		w.put(at, w.append(append([]byte(n.name), 0)))
		w.put(at+1, w.append(append([]byte(n.format), 0)))
		w.put(at+2, n.nullable)
		w.put(at+3, n.length)
		w.put(at+4, n.nulls)
		w.put(at+5, len(n.buffers))
		for b, data := range n.buffers {
			// A buffer without bytes is still one, unless it says that nothing is missing.
			if b > 0 || len(data) > 0 {
				w.put(at+6+b, w.append(data))
			}
		}
		w.put(at+6+mostBuffer, n.children)
		w.put(at+7+mostBuffer, n.child)
	}
	return w.block
}

// A node is a column, or the table.
type node struct {
	name, format            string
	nullable, length, nulls int
	buffers                 [][]byte
	children, child         int
}

func (c *column) node() node {
	n := node{name: c.name, format: formats[c.kind], length: c.length, nulls: c.nulls}
	var valid []byte
	if c.nulls > 0 {
		valid = c.valid
	}
	if c.nullable {
		n.nullable = 1
	}
	n.buffers = [][]byte{valid, c.fixed}
	if c.kind == text || c.kind == object {
		n.buffers = append(n.buffers, c.data)
	}
	return n
}

type writer struct{ block []byte }

func (w *writer) put(word, n int) { binary.LittleEndian.PutUint64(w.block[8*word:], uint64(n)) }

// append adds bytes at a multiple of 8 and returns where they begin.
func (w *writer) append(data []byte) int {
	at := len(w.block)
	w.block = append(w.block, data...)
	// At least one byte, so that no buffer begins where the block ends.
	w.block = append(w.block, make([]byte, 8-len(data)%8)...)
	return at
}
