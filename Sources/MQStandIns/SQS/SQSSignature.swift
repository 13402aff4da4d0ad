import MQCore

/// Checks a signature of version 4 (AWS General Reference, "Create a signed AWS API request").
enum SQSSignature {
    private typealias MAC =
        @convention(c) (
            OpaquePointer?, UnsafeRawPointer?, CInt, UnsafePointer<UInt8>?, Int, UnsafeMutablePointer<UInt8>?,
            UnsafeMutablePointer<CUnsignedInt>?
        ) -> UnsafeMutablePointer<UInt8>?
    private typealias Method = @convention(c) () -> OpaquePointer?

    /// - Parameter keys: the secrets, by the name of their key.
    /// - Returns: why it is refused; `nil` when the signature is right.
    static func refusal(_ request: HTTPRequest, keys: [String: String]) -> SQSFailure? {
        let fields = fields(request.headers["authorization"] ?? "")
        guard let credential = fields["Credential"]?.split(separator: "/").map(String.init), credential.count == 5,
            let names = fields["SignedHeaders"]?.split(separator: ";").map(String.init), let signature = fields["Signature"],
            let date = request.headers["x-amz-date"]
        else {
            return SQSFailure(
                "IncompleteSignature", "Authorization header requires 'Credential', 'SignedHeaders' and 'Signature' parameters.",
                status: 403)
        }
        guard let secret = keys[credential[0]] else {
            return SQSFailure(
                "InvalidClientTokenId", "The security token included in the request is invalid.", status: 403)
        }
        let headers = names.map { "\($0):\(trimmed(request.headers[$0] ?? ""))\n" }.joined()
        let query = request.query.split(separator: "&").sorted().joined(separator: "&")
        let canonical = [
            request.method, request.path, query, headers, names.joined(separator: ";"), Hex.text(SQSDigest.sha256(request.body)),
        ].joined(separator: "\n")
        let scope = credential.dropFirst().joined(separator: "/")
        let text = "AWS4-HMAC-SHA256\n\(date)\n\(scope)\n\(Hex.text(SQSDigest.sha256(Array(canonical.utf8))))"
        var key = Array("AWS4\(secret)".utf8)
        for part in credential.dropFirst() { key = mac(key, Array(part.utf8)) }
        if Hex.text(mac(key, Array(text.utf8))) == signature { return nil }
        return SQSFailure(
            "SignatureDoesNotMatch",
            "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method.",
            status: 403)
    }

    private static func fields(_ text: String) -> [String: String] {
        var result: [String: String] = [:]
        for part in text.split(whereSeparator: { $0 == " " || $0 == "," }) {
            guard let equals = part.firstIndex(of: "=") else { continue }
            result[String(part[..<equals])] = String(part[part.index(after: equals)...])
        }
        return result
    }

    private static func trimmed(_ text: String) -> String { text.split(separator: " ").joined(separator: " ") }

    private static func mac(_ key: [UInt8], _ bytes: [UInt8]) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: 32) { place, count in
            let (hmac, method) = (
                SQSDigest.library.function("HMAC", as: MAC.self), SQSDigest.library.function("EVP_sha256", as: Method.self)
            )
            _ = key.withUnsafeBytes { key in
                bytes.withUnsafeBufferPointer {
                    hmac(method(), key.baseAddress, CInt(key.count), $0.baseAddress, $0.count, place.baseAddress, nil)
                }
            }
            count = 32
        }
    }
}
