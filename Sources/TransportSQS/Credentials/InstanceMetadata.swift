internal import Glibc
internal import MQCore
internal import MQNet

/// The role of the machine, from its metadata service: IMDSv2, one try of a second, since elsewhere nobody answers.
struct InstanceMetadata {
    private let surroundings: Surroundings

    init(_ surroundings: Surroundings) { self.surroundings = surroundings }

    private var origin: String {
        if let url = surroundings["AWS_EC2_METADATA_SERVICE_ENDPOINT"] { return url.hasSuffix("/") ? String(url.dropLast()) : url }
        return surroundings["AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE"]?.lowercased() == "ipv6"
            ? "http://[fd00:ec2::254]" : "http://169.254.169.254"
    }

    private func request(_ method: String, _ path: String, _ headers: [(name: String, value: String)]) -> HTTPRequest {
        var request = HTTPRequest(method, origin + path)
        request.headers = headers
        request.usesProxy = false
        request.timeout = .seconds(1)
        request.connectTimeout = .seconds(1)
        return request
    }

    /// - Throws: `permission` when no machine answers: there are no credentials then.
    private func get(_ path: String, until deadline: Deadline, stop: StopFlag) throws(TransportError) -> [UInt8] {
        let client = try HTTPClient()
        do throws(TransportError) {
            let asking = request("PUT", "/latest/api/token", [("X-aws-ec2-metadata-token-ttl-seconds", "21600")])
            let token = try client.perform(asking, until: deadline, stop: stop)
            guard token.status == 200 else { throw CredentialChain.nothing }
            let header = [(name: "X-aws-ec2-metadata-token", value: String(decoding: token.body, as: UTF8.self).trimmed)]
            let path = path.hasSuffix("/") ? path + (try role(client, path, header, until: deadline, stop: stop)) : path
            let reply = try client.perform(request("GET", path, header), until: deadline, stop: stop)
            guard reply.status == 200 else { throw CredentialChain.nothing }
            return reply.body
        } catch {
            throw stop.isRaised ? error : CredentialChain.nothing
        }
    }

    private func role(
        _ client: HTTPClient, _ path: String, _ header: [(name: String, value: String)], until deadline: Deadline, stop: StopFlag
    ) throws(TransportError) -> String {
        let reply = try client.perform(request("GET", path, header), until: deadline, stop: stop)
        let name = String(decoding: reply.body, as: UTF8.self).trimmed
        guard reply.status == 200, !name.isEmpty, !name.contains("\n") else { throw CredentialChain.nothing }
        return name
    }

    func credentials(_ source: String, until deadline: Deadline, stop: StopFlag) throws(TransportError) -> Credentials {
        let json = try get("/latest/meta-data/iam/security-credentials/", until: deadline, stop: stop)
        return try CredentialChain.credentials(json: json, source: source)
    }

    func region(until deadline: Deadline, stop: StopFlag) throws(TransportError) -> String {
        String(decoding: try get("/latest/meta-data/placement/region", until: deadline, stop: stop), as: UTF8.self).trimmed
    }
}
