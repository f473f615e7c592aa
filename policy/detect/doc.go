// Package detect finds out which software a container runs and where it listens, from what the Pod shows: the image's
// reference, arguments, a few environment variables and declared ports. Nothing is asked of a registry or a network.
//
// [Detectors.Detect] names the profile that describes a container's software, and [ProfilePort] the port on which such
// software listens. Every answer carries its [Evidence], so that people can be told why it is believed. What may follow
// from it is decided in package policy.
package detect
