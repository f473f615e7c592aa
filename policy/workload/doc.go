// Package workload is the one view of a Pod that the whole engine shares, and the facts that can be read off it.
//
// [Pod] has the parts of a core/v1 Pod that decisions look at, under the JSON names of core/v1. Its methods and those of
// [Container] answer questions of fact: which ports are TCP, who controls the Pod, which mesh is in it, whether the command
// serves anybody. What follows from a fact is decided in package policy.
package workload
