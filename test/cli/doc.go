// Package cli runs the CLI as its users do: as a plugin of the real kubectl.
package cli
