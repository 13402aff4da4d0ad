internal import MQCore
internal import MQNet

/// Looks for credentials where every AWS tool does, in the order of "Credential providers" in the AWS SDKs' reference guide.
struct CredentialChain: Sendable {
    let surroundings: Surroundings
    /// For the endpoint of STS.
    let region: String?

    /// Where the first credentials are; nobody was asked for them yet.
    indirect enum Origin {
        case keys(Credentials)
        case process(command: String, profile: String)
        case role(Role, base: Origin)
        case webIdentity(Role, tokenFile: String)
        case container(url: String)
        case instance

        var words: String {
            switch self {
            case .keys(let keys): keys.source
            case .process(_, let profile): "credential_process of profile \(profile)"
            case .role(let role, let base): "\(role.source), assuming \(role.arn) with \(base.words)"
            case .webIdentity(let role, let file): "\(role.source), assuming \(role.arn) with the token in \(file)"
            case .container(let url): "the container's endpoint \(url)"
            case .instance: "the instance's metadata (IMDSv2)"
            }
        }
    }

    struct Role {
        var arn: String
        var sessionName: String
        var externalID: String?
        var duration: String?
        var source: String
    }

    /// - Throws: `configuration` for a profile that cannot be followed, `permission` when there is no place to look at.
    func find() throws(TransportError) -> Origin {
        // Who names a profile in the address means its keys, whatever the environment holds.
        if surroundings.explicitProfile == nil, let origin = try environmentKeys() { return origin }
        let profile = surroundings.profile
        if let origin = try find(profile: profile.name, visited: []) { return origin }
        if profile.source != "default", try !surroundings.hasProfile(profile.name) {
            throw TransportError(
                .configuration, "there is no profile '\(profile.name)', which \(profile.source) names", hint: "aws configure list-profiles")
        }
        if let arn = surroundings["AWS_ROLE_ARN"], let file = surroundings["AWS_WEB_IDENTITY_TOKEN_FILE"] {
            let role = Role(arn: arn, sessionName: surroundings["AWS_ROLE_SESSION_NAME"] ?? Self.sessionName, source: "AWS_ROLE_ARN")
            return .webIdentity(role, tokenFile: file)
        }
        if let url = try containerURL() { return .container(url: url) }
        guard surroundings.truth("AWS_EC2_METADATA_DISABLED") != true else { throw Self.nothing }
        return .instance
    }

    private static let sessionName = "mq"

    static let nothing = TransportError(
        .permission, "no AWS credentials found",
        hint: "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE; single sign-on works through credential_process")

    private func environmentKeys() throws(TransportError) -> Origin? {
        guard let access = surroundings["AWS_ACCESS_KEY_ID"] else { return nil }
        guard let secret = surroundings["AWS_SECRET_ACCESS_KEY"] else {
            throw TransportError(.configuration, "AWS_ACCESS_KEY_ID is set and AWS_SECRET_ACCESS_KEY is not")
        }
        return .keys(
            Credentials(
                accessKey: access, secretKey: secret, sessionToken: surroundings["AWS_SESSION_TOKEN"], source: "the environment"))
    }

    // MARK: - Profiles

    private func find(profile: String, visited: [String]) throws(TransportError) -> Origin? {
        if let arn = try surroundings.value("role_arn", ofProfile: profile), !visited.contains(profile) {
            return try role(arn, of: profile, visited: visited)
        }
        if let access = try surroundings.value("aws_access_key_id", ofProfile: profile) {
            guard let secret = try surroundings.value("aws_secret_access_key", ofProfile: profile) else {
                throw TransportError(.configuration, "profile \(profile) has aws_access_key_id and no aws_secret_access_key")
            }
            let token = try surroundings.value("aws_session_token", ofProfile: profile)
            return .keys(Credentials(accessKey: access, secretKey: secret, sessionToken: token, source: "profile \(profile)"))
        }
        if let command = try surroundings.value("credential_process", ofProfile: profile) {
            return .process(command: command, profile: profile)
        }
        for key in ["sso_session", "sso_start_url"] where try surroundings.value(key, ofProfile: profile) != nil {
            throw TransportError(
                .configuration, "profile \(profile) uses single sign-on, which mq does not speak",
                hint: "credential_process = aws configure export-credentials --profile \(profile), in a profile of its own")
        }
        return nil
    }

    private func role(_ arn: String, of profile: String, visited: [String]) throws(TransportError) -> Origin {
        let name = try surroundings.value("role_session_name", ofProfile: profile) ?? Self.sessionName
        let role = Role(
            arn: arn, sessionName: name, externalID: try surroundings.value("external_id", ofProfile: profile),
            duration: try surroundings.value("duration_seconds", ofProfile: profile), source: "profile \(profile)")
        if let file = try surroundings.value("web_identity_token_file", ofProfile: profile) {
            return .webIdentity(role, tokenFile: file)
        }
        if try surroundings.value("mfa_serial", ofProfile: profile) != nil {
            throw TransportError(
                .configuration, "profile \(profile) asks for a one-time code, which mq does not do",
                hint: "aws sts get-session-token makes temporary keys")
        }
        if let source = try surroundings.value("source_profile", ofProfile: profile) {
            guard !visited.contains(source) else {
                throw TransportError(.configuration, "source_profile of profile \(profile) leads back to itself")
            }
            // A profile may name itself: its own keys, to assume its role with.
            guard let base = try find(profile: source, visited: visited + [profile]) else {
                throw TransportError(.configuration, "profile \(source), the source_profile of \(profile), has no credentials")
            }
            return .role(role, base: base)
        }
        guard let word = try surroundings.value("credential_source", ofProfile: profile) else {
            throw TransportError(.configuration, "profile \(profile) has role_arn without source_profile or credential_source")
        }
        return .role(role, base: try base(word, profile))
    }

    private func base(_ word: String, _ profile: String) throws(TransportError) -> Origin {
        switch word {
        case "Environment":
            guard let keys = try environmentKeys() else { break }
            return keys
        case "EcsContainer":
            guard let url = try containerURL() else { break }
            return .container(url: url)
        case "Ec2InstanceMetadata": return .instance
        default: break
        }
        throw TransportError(.configuration, "credential_source = \(word) of profile \(profile) has no credentials")
    }

    // MARK: - The container's endpoint

    /// - Throws: `configuration` for an address to which keys would travel in the clear.
    private func containerURL() throws(TransportError) -> String? {
        if let path = surroundings["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"] { return "http://169.254.170.2\(path)" }
        guard let url = surroundings["AWS_CONTAINER_CREDENTIALS_FULL_URI"] else { return nil }
        if url.hasPrefix("https://") { return url }
        let allowed = ["localhost", "127.0.0.1", "[::1]", "169.254.170.2", "169.254.170.23", "[fd00:ec2::23]"]
        guard url.hasPrefix("http://"), allowed.contains(Self.host(url.dropFirst(7))) else {
            throw TransportError(
                .configuration, "AWS_CONTAINER_CREDENTIALS_FULL_URI is neither https nor on this host",
                hint: "keys would travel in the clear")
        }
        return url
    }

    private static func host(_ rest: Substring) -> String {
        let authority = rest.prefix { $0 != "/" && $0 != "?" }
        if authority.first == "[", let end = authority.firstIndex(of: "]") { return String(authority[...end]) }
        return String(authority.prefix { $0 != ":" })
    }
}
