package artifacts

// SendInParts has a client send files in parts from another size on.
func SendInParts(c *Client, from, part int64) {
	c.files.multipartFrom, c.files.multipartPart = from, part
}

// LargeFile is the size from which files are downloaded in parts.
const LargeFile = largeFile
