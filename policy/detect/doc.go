// Package detect finds out which software a container runs and where it listens, from what the Pod shows: the image's
// reference, arguments, a few environment variables and declared ports. No registry and no network is contacted.
//
// [Detectors.Detect] names the profile that describes a container's software, and [ProfilePort] the port on which such
// software listens. [Software] carries its [Evidence], so that people are told why. What may follow
// from it is decided in package policy.
package detect
