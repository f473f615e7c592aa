//go:build unix

package output

import (
	"os"
	"syscall"
)

// keepOwner gives a new file the owner of the one that it replaces.
func keepOwner(file *os.File, place string) error {
	old, err := os.Stat(place)
	if err != nil {
		return err
	}
	created, err := file.Stat()
	if err != nil {
		return err
	}
	is, _ := created.Sys().(*syscall.Stat_t)
	was, known := old.Sys().(*syscall.Stat_t)
	if !known || is == nil || (is.Uid == was.Uid && is.Gid == was.Gid) {
		return nil
	}
	return file.Chown(int(was.Uid), int(was.Gid))
}
