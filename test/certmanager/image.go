package certmanager

import "context"

// Image is a container image of one program: nothing but the program, which is its entrypoint.
type Image struct {
	// Name is what the official chart calls it, such as quay.io/jetstack/cert-manager-controller:v1.21.2, so that the
	// chart needs no other values on nodes that have ours than on nodes that pull the released one.
	Name string
	// Program is the path of the static program.
	Program string
}

// Images returns the images that the chart's Deployments run, with their programs built.
func Images(ctx context.Context) ([]Image, error) {
	version, err := Version(ctx)
	if err != nil {
		return nil, err
	}
	var images []Image
	for _, program := range All() {
		path, err := program.Path(ctx)
		if err != nil {
			return nil, err
		}
		images = append(images, Image{Name: "quay.io/jetstack/" + string(program) + ":" + version, Program: path})
	}
	return images, nil
}
