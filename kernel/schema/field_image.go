package schema

// imageKind is one uploaded picture; kernel/record refuses files that are not JPEG, PNG, GIF or WebP by content.
type imageKind struct{ fileKind }
