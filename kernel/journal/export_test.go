package journal

// HashLeaf lets tests forge.
var HashLeaf = hashLeaf
