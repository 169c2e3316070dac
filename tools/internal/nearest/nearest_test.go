package nearest_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/reliquary/reliquary/tools/internal/nearest"
)

func TestNames(t *testing.T) {
	known := []string{"resnet-weights", "resnet-weights-old", "imagenet-mini", "eval-results", "a", "b", "c"}
	tests := []struct {
		name string
		want []string
	}{
		{"resnet-weight", []string{"resnet-weights", "resnet-weights-old"}},
		{"resnet_weights", []string{"resnet-weights", "resnet-weights-old"}},
		{"RESNET-WEIGHTS", []string{"resnet-weights", "resnet-weights-old"}},
		{"imagenet", []string{"imagenet-mini"}},
		{"imgaenet-mini", []string{"imagenet-mini"}},
		{"evalresults", []string{"eval-results"}},
		{"something else", nil},
		{"d", nil},
		{"", nil},
	}
	for _, tt := range tests {
		if got := nearest.Names(tt.name, known, 3); !slices.Equal(got, tt.want) {
			t.Errorf("Names(%q) = %q, want %q", tt.name, got, tt.want)
		}
	}
}

func TestNames_BoundsWork(t *testing.T) {
	long := strings.Repeat("x", 1<<20)
	if got := nearest.Names(long, []string{long + "y", "short"}, 3); len(got) != 1 {
		t.Errorf("got %d names, want the long one", len(got))
	}
}

func FuzzNames(f *testing.F) {
	f.Add("abc", "abd")
	f.Fuzz(func(t *testing.T, name, known string) {
		got := nearest.Names(name, []string{known}, 1)
		if name == known && !slices.Equal(got, []string{known}) {
			t.Errorf("%q is not near itself", name)
		}
	})
}
