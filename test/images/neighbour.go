package images

import (
	"context"
	"path/filepath"
)

// Neighbour makes the image of another product that changes Pods, localhost/neighbour:1; see the comment of
// test/images/neighbour. It takes half a minute the first time, and seconds later.
func Neighbour(ctx context.Context) (Image, error) {
	program, err := compile(ctx, filepath.Join("test", "images", "neighbour"))
	if err != nil {
		return Image{}, err
	}
	return FromProgram(ctx, "localhost/neighbour:1", program)
}
