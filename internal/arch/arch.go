// Package arch holds the rules of the code base as tests: which package may import which, one document a package, no init,
// words complete. It has no code of its own.
//
// Main file: edges.txt.
package arch
