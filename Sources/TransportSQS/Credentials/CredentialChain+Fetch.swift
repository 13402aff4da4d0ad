internal import Glibc
internal import MQCore
internal import MQNet

/// Asking for the credentials that were found.
extension CredentialChain {
    /// - Throws: `permission` when they are refused, `unreachable` when nobody answers, `configuration`.
    /// - Parameter notices: told what is waited for.
    func fetch(until deadline: Deadline, stop: StopFlag, notices: Notices = .none) throws(TransportError) -> Credentials {
        try fetch(find(), until: deadline, stop: stop, notices)
    }

    private func fetch(
        _ origin: Origin, until deadline: Deadline, stop: StopFlag, _ notices: Notices
    ) throws(TransportError) -> Credentials {
        switch origin {
        case .keys(let keys): return keys
        case .process(let command, _):
            let output = try CredentialProcess.run(command, until: deadline, stop: stop, notices: notices)
            return try Self.credentials(json: output, source: origin.words)
        case .role(let role, let base):
            let keys = try fetch(base, until: deadline, stop: stop, notices)
            var form = [("Action", "AssumeRole"), ("RoleArn", role.arn), ("RoleSessionName", role.sessionName)]
            if let id = role.externalID { form.append(("ExternalId", id)) }
            if let duration = role.duration { form.append(("DurationSeconds", duration)) }
            return try assume(form, with: keys, origin.words, until: deadline, stop: stop)
        case .webIdentity(let role, let file):
            let token = String(decoding: try LocalFile.contents(of: file, limit: 1 << 20), as: UTF8.self)
            let form = [
                ("Action", "AssumeRoleWithWebIdentity"), ("RoleArn", role.arn), ("RoleSessionName", role.sessionName),
                ("WebIdentityToken", token.trimmed),
            ]
            return try assume(form, with: nil, origin.words, until: deadline, stop: stop)
        case .container(let url): return try fromContainer(url, origin.words, until: deadline, stop: stop)
        case .instance: return try InstanceMetadata(surroundings).credentials(origin.words, until: deadline, stop: stop)
        }
    }

    // MARK: - STS

    private func assume(
        _ form: [(String, String)], with keys: Credentials?, _ source: String, until deadline: Deadline, stop: StopFlag
    ) throws(TransportError) -> Credentials {
        let region = region ?? "us-east-1"
        let override = surroundings.first("AWS_ENDPOINT_URL_STS", "AWS_ENDPOINT_URL")?.value
        let url = override ?? Partition.of(region: region).endpoint(service: "sts", region: region, variant: [])
        guard let origin = ServiceOrigin(url) else { throw TransportError(.configuration, "'\(url)' is not the URL of an STS endpoint") }
        var request = HTTPRequest("POST", origin.text + "/")
        request.body = Array((form + [("Version", "2011-06-15")]).map { "\($0.0)=\(Self.encoded($0.1))" }.joined(separator: "&").utf8)
        request.headers = [("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")]
        request.caFile = surroundings["AWS_CA_BUNDLE"]
        request.timeout = .seconds(20)
        if let keys {
            var signer = try Signer(region: region, service: "sts")
            request.headers += signer.sign(
                "POST", path: "/", headers: request.headers + [("Host", origin.host)], body: request.body, with: keys, at: WallClock.seconds
            )
        }
        let reply = try HTTPClient().perform(request, until: deadline, stop: stop)
        let text = String(decoding: reply.body, as: UTF8.self)
        guard reply.status == 200 else {
            let why = XMLText.value("Message", in: text) ?? "status \(reply.status)"
            throw TransportError(.permission, "\(source): STS refuses: \(why)", isRetriable: reply.status >= 500)
        }
        guard let access = XMLText.value("AccessKeyId", in: text), let secret = XMLText.value("SecretAccessKey", in: text) else {
            throw TransportError(.protocolViolation, "\(source): the answer of STS holds no credentials")
        }
        return Credentials(
            accessKey: access, secretKey: secret, sessionToken: XMLText.value("SessionToken", in: text),
            expiry: XMLText.value("Expiration", in: text).flatMap { ServiceTime.parse($0) }, source: source)
    }

    /// Percent-encoding of everything but letters, digits and `-_.~` (RFC 3986, section 2.3).
    static func encoded(_ text: String) -> String {
        var bytes: [UInt8] = []
        for byte in text.utf8 {
            switch byte {
            case 0x30...0x39, 0x41...0x5a, 0x61...0x7a, 0x2d, 0x2e, 0x5f, 0x7e: bytes.append(byte)
            default: bytes += Array("%\(byte < 16 ? "0" : "")\(String(byte, radix: 16, uppercase: true))".utf8)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    // MARK: - Containers

    private func fromContainer(
        _ url: String, _ source: String, until deadline: Deadline, stop: StopFlag
    ) throws(TransportError) -> Credentials {
        var request = HTTPRequest("GET", url)
        request.timeout = .seconds(5)
        request.usesProxy = false
        request.caFile = surroundings["AWS_CA_BUNDLE"]
        var token = surroundings["AWS_CONTAINER_AUTHORIZATION_TOKEN"]
        if let file = surroundings["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"] {
            token = String(decoding: try LocalFile.contents(of: file, limit: 1 << 16), as: UTF8.self).trimmed
        }
        if let token {
            guard !token.utf8.contains(where: { $0 < 0x20 }) else {
                throw TransportError(.configuration, "the container's authorization token holds a control character")
            }
            request.headers = [("Authorization", token)]
        }
        let reply = try HTTPClient().perform(request, until: deadline, stop: stop)
        guard reply.status == 200 else { throw TransportError(.permission, "\(source) answers with status \(reply.status)") }
        return try Self.credentials(json: reply.body, source: source)
    }

    /// The JSON of containers, instances and processes.
    /// - Throws: `configuration` when it is something else; nothing of it is shown.
    static func credentials(json: [UInt8], source: String) throws(TransportError) -> Credentials {
        var fields: [String: String] = [:]
        do throws(TransportError) {
            fields = try JSONFields.strings(in: json)
        } catch {
            throw TransportError(.configuration, "\(source): not the JSON of credentials")
        }
        guard let access = fields["AccessKeyId"], let secret = fields["SecretAccessKey"], !access.isEmpty, !secret.isEmpty else {
            throw TransportError(.configuration, "\(source): no AccessKeyId and SecretAccessKey in its answer")
        }
        var expiry: Int64?
        if let text = fields["Expiration"] {
            expiry = ServiceTime.parse(text)
            if expiry == nil { throw TransportError(.configuration, "\(source): Expiration is not a time") }
        }
        return Credentials(
            accessKey: access, secretKey: secret, sessionToken: fields["SessionToken"] ?? fields["Token"], expiry: expiry, source: source)
    }
}

extension String {
    /// Without spaces and line ends around it.
    var trimmed: String {
        let isSpace = { (byte: UInt8) in byte == 0x20 || (0x09...0x0d).contains(byte) }
        let bytes = utf8.drop(while: isSpace)
        guard let last = bytes.lastIndex(where: { !isSpace($0) }) else { return "" }
        return String(decoding: bytes[...last], as: UTF8.self)
    }
}
