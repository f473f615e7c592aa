// Package images makes the container images that the tests run on a node, without a registry: programs of this
// repository alone in an image, our webhook and examples/flask-app by their real Dockerfiles, and software as Debian
// packages it.
//
// Each image comes as an archive in .cache/images/, which "ctr -n k8s.io images import" and "docker load" read. The
// name of the archive ends in a hash of what went into the image, so nothing is made twice: the second run takes as long
// as hashing the sources does. To have Debian's packages newer than they were, remove .cache/images/.
//
// Building needs root, buildah and, for what stands on Debian, debootstrap and a mirror of Debian. An archive that is
// there already needs none of them. Images stay out of the machine's own image store: buildah keeps what it needs in
// .cache/images/storage/.
//
//	go -C test run ./images/build               makes what every run needs beforehand, and prints references and archives
//	go -C test run ./images/build -software     makes what the presets need: a quarter of an hour on two cores, 7 GB
package images
