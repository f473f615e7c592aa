//go:build !unix

package output

import "os"

// keepOwner does nothing where a file in a folder has the folder's owner.
func keepOwner(*os.File, string) error { return nil }
