package bpmn

import "chengshu/base/markup"

// Limits of one model. The largest public reference model has 0.25 MB and 3,700 elements.
const (
	MaxBytes    = 8 << 20
	MaxDepth    = 100
	MaxElements = 200_000
)

// element is one XML element. The tree lives only while a model is read.
type element = markup.Element
