// Package transfer moves file bytes over HTTP: it makes URLs that each allow
// one thing (store this file, fetch that blob) until they expire, and it is
// the handler behind them.
//
// The clients of W&B send no credentials with such URLs, so the URL itself is
// the permission. Everything in it but the host is covered by an HMAC-SHA256
// under a secret of the registry: what it is for, which artifact, manifest or
// run it belongs to, the MD5 that the bytes must have, the largest size, for whom
// it was made by which rights, and when it ends. Whoever loses the rights loses
// the URL with them (HandlerOptions.Permit).
//
//	PUT  {base}/storage/upload/wandb_artifacts/{artifact}/{md5}/{basename}     FileUpload
//	PUT  {base}/storage/upload/parts/{upload id}/{number}                      PartUpload
//	PUT  {base}/storage/upload/manifests/{manifest}/{wandb_manifest.json, …}   ManifestUpload
//	PUT  {base}/storage/upload/runs/{run}/{basename}                           RunFileUpload
//	GET  {base}/storage/download/wandb_artifacts/{sha256}/{basename}           Download
//	GET  {base}/storage/download/manifests/{sha256}/{wandb_manifest.json, …}   Download of a manifest
//
// Paths are for people and for clients that look at them (wandb_artifacts/,
// wandb_manifest.json); what counts is in the query.
//
// An upload is answered when its bytes are durable and the metadata knows of
// them, and a failed one leaves nothing. The package knows blobs and three
// methods of the metadata; who may have a URL is decided by those who ask for one.
package transfer
