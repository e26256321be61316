package schema

// imagesKind is a list of uploaded pictures; kernel/record refuses files that are not JPEG, PNG, GIF or WebP by content.
type imagesKind struct{ filesKind }
