/// What `GzipStream.compress` does besides taking bytes.
public enum GzipFlush: Sendable {
    /// Compresses best: bytes come out when zlib has gathered enough.
    case none
    /// Everything so far can be decompressed from what came out.
    case sync
    /// Ends the member with its length and checksum; what follows begins another one, as `gzip` and every reader of its files take it.
    case finish
}
