internal import Glibc
internal import MQCore
internal import MQNet

/// Signs requests (AWS Signature Version 4, "Create a signed AWS API request" in the IAM User Guide).
///
/// The signing key holds for one day, region and service and is kept; what is left is one digest of the body, one of the
/// canonical request and one HMAC.
struct Signer: Sendable {
    let region: String
    let service: String
    private let crypto: Crypto
    private var key: (secret: String, day: String, bytes: [UInt8])?
    private var stamp: (second: Int64, text: String)?

    /// Everything of a signature but the body: the same for all requests of one operation within one second.
    private struct Frame {
        var method: String
        var path: String
        var headers: [(name: String, value: String)]
        var date: String
        var accessKey: String
        var token: String?
        /// The canonical request, the string to sign and the header's value, each up to its last digest.
        var request: [UInt8]
        var text: [UInt8]
        var authorization: String
    }

    /// The latest; a receiver has three operations.
    private var frames: [Frame] = []
    private static let mostFrames = 4
    private var request: [UInt8] = []
    private var text: [UInt8] = []

    /// - Throws: `configuration` when libcrypto cannot be opened.
    init(region: String, service: String) throws(TransportError) {
        self.region = region
        self.service = service
        crypto = try Crypto.shared()
    }

    /// Returns the headers to add: date, session token and authorization.
    /// - Parameters:
    ///   - headers: those to be signed, `Host` among them.
    ///   - path: absolute and encoded as it is sent; there is no query.
    ///   - now: seconds since 1970 by the clock of the service.
    mutating func sign(
        _ method: String, path: String, headers: [(name: String, value: String)], body: [UInt8], with credentials: Credentials,
        at now: Int64
    ) -> [(name: String, value: String)] {
        let date = timestamp(now)
        let place = known(method, path, headers, credentials, date) ?? remember(method, path, headers, credentials, date)
        let frame = frames[place]
        request.removeAll(keepingCapacity: true)
        request += frame.request
        Hex.append(crypto.sha256(body), to: &request)
        text.removeAll(keepingCapacity: true)
        text += frame.text
        Hex.append(crypto.sha256(request), to: &text)
        var authorization = frame.authorization
        authorization += Hex.text(crypto.hmac(key: signingKey(credentials.secretKey, String(date.prefix(8))), text))
        var added: [(name: String, value: String)] = [("X-Amz-Date", date)]
        if let token = credentials.sessionToken { added.append(("X-Amz-Security-Token", token)) }
        added.append(("Authorization", authorization))
        return added
    }

    private func known(
        _ method: String, _ path: String, _ headers: [(name: String, value: String)], _ credentials: Credentials, _ date: String
    ) -> Int? {
        frames.firstIndex { frame in
            frame.date == date && frame.method == method && frame.path == path && frame.accessKey == credentials.accessKey
                && frame.token == credentials.sessionToken
                && frame.headers.elementsEqual(headers) { $0.value == $1.value && $0.name == $1.name }
        }
    }

    /// Makes what all requests with these headers share within a second.
    private mutating func remember(
        _ method: String, _ path: String, _ headers: [(name: String, value: String)], _ credentials: Credentials, _ date: String
    ) -> Int {
        var added: [(name: String, value: String)] = [("X-Amz-Date", date)]
        if let token = credentials.sessionToken { added.append(("X-Amz-Security-Token", token)) }
        let (canonical, names) = Self.canonical(headers + added)
        let scope = "\(date.prefix(8))/\(region)/\(service)/aws4_request"
        if frames.count == Self.mostFrames { frames.removeFirst() }
        frames.append(
            Frame(
                method: method, path: path, headers: headers, date: date, accessKey: credentials.accessKey, token: credentials.sessionToken,
                request: Array("\(method)\n\(path)\n\n\(canonical)\n\(names)\n".utf8),
                text: Array("AWS4-HMAC-SHA256\n\(date)\n\(scope)\n".utf8),
                authorization: "AWS4-HMAC-SHA256 Credential=\(credentials.accessKey)/\(scope), SignedHeaders=\(names), Signature="))
        return frames.count - 1
    }

    /// Names in lower case and in order, values without spare spaces; those of one name joined.
    private static func canonical(_ headers: [(name: String, value: String)]) -> (text: String, names: String) {
        var sorted: [(name: String, value: String)] = []
        for (name, value) in headers {
            let name = name.lowercased()
            let place = sorted.firstIndex { $0.name >= name } ?? sorted.count
            if place < sorted.count && sorted[place].name == name {
                sorted[place].value += ",\(trimmed(value))"
            } else {
                sorted.insert((name, trimmed(value)), at: place)
            }
        }
        var text = "", names = ""
        for (index, header) in sorted.enumerated() {
            text += "\(header.name):\(header.value)\n"
            names += index == 0 ? header.name : ";\(header.name)"
        }
        return (text, names)
    }

    private static func trimmed(_ value: String) -> String {
        let bytes = value.utf8
        var spaces = bytes.first == 0x20 || bytes.last == 0x20
        var last: UInt8 = 0
        for byte in bytes {
            if byte == 0x20 && last == 0x20 { spaces = true }
            last = byte
        }
        return spaces ? value.split(separator: " ").joined(separator: " ") : value
    }

    /// `20150830T123600Z`; a second is formatted once.
    private mutating func timestamp(_ now: Int64) -> String {
        if let stamp, stamp.second == now { return stamp.text }
        let text = Self.timestamp(now)
        stamp = (now, text)
        return text
    }

    static func timestamp(_ now: Int64) -> String {
        var seconds = time_t(now)
        var parts = tm()
        gmtime_r(&seconds, &parts)
        return withUnsafeTemporaryAllocation(of: CChar.self, capacity: 32) { buffer in
            strftime(buffer.baseAddress!, buffer.count, "%Y%m%dT%H%M%SZ", &parts)
            return String(cString: buffer.baseAddress!)
        }
    }

    private mutating func signingKey(_ secret: String, _ day: String) -> [UInt8] {
        if let key, key.day == day, key.secret == secret { return key.bytes }
        var bytes = Array("AWS4\(secret)".utf8)
        for part in [day, region, service, "aws4_request"] { bytes = crypto.hmac(key: bytes, Array(part.utf8)) }
        key = (secret, day, bytes)
        return bytes
    }
}
