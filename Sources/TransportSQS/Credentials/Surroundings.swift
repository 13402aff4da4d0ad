internal import Glibc
internal import MQCore

/// What the environment and the files of the AWS tools say. A value, so that tests have their own.
struct Surroundings: Sendable {
    var variables: [String: String]
    /// The profile asked for by the address.
    var explicitProfile: String?
    /// Pauses between tries are divided by it: tests have no time.
    var haste = 1.0
    private let config: Result<ConfigFile, TransportError>
    private let credentials: Result<ConfigFile, TransportError>

    /// Reads the files once.
    init(variables: [String: String], profile: String?) {
        self.variables = variables
        explicitProfile = profile
        let home = variables["HOME"].flatMap { $0.isEmpty ? nil : $0 }
        config = Self.read(variables["AWS_CONFIG_FILE"] ?? home.map { "\($0)/.aws/config" }, home)
        credentials = Self.read(variables["AWS_SHARED_CREDENTIALS_FILE"] ?? home.map { "\($0)/.aws/credentials" }, home)
    }

    /// Those of this process.
    static func ofProcess(profile: String?) -> Surroundings {
        var variables: [String: String] = [:]
        for name in names { if let value = getenv(name) { variables[name] = String(cString: value) } }
        return Surroundings(variables: variables, profile: profile)
    }

    private static let names = [
        "HOME", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_REGION",
        "AWS_DEFAULT_REGION", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_SQS", "AWS_ENDPOINT_URL_STS", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
        "AWS_USE_FIPS_ENDPOINT", "AWS_USE_DUALSTACK_ENDPOINT", "AWS_CA_BUNDLE", "AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE",
        "AWS_ROLE_ARN", "AWS_ROLE_SESSION_NAME", "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
        "AWS_CONTAINER_CREDENTIALS_FULL_URI", "AWS_CONTAINER_AUTHORIZATION_TOKEN", "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
        "AWS_EC2_METADATA_DISABLED", "AWS_EC2_METADATA_SERVICE_ENDPOINT", "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE",
    ]

    /// - Parameter path: `nil` where nothing says where the file would be.
    private static func read(_ path: String?, _ home: String?) -> Result<ConfigFile, TransportError> {
        guard let path = path?.hasPrefix("~/") == true ? home.map({ $0 + path!.dropFirst() }) : path else { return .success(ConfigFile()) }
        return Result { () throws(TransportError) in
            guard access(path, F_OK) == 0 else { return ConfigFile() }
            do throws(TransportError) {
                return try ConfigFile(parsing: try LocalFile.contents(of: path, limit: 1 << 20), path: path)
            } catch {
                throw TransportError(.configuration, error.message, errno: error.errno)
            }
        }
    }

    /// A variable that is set and not empty.
    subscript(name: String) -> String? {
        guard let value = variables[name], !value.isEmpty else { return nil }
        return value
    }

    /// The first of `names` that is set, with its name.
    func first(_ names: String...) -> (value: String, source: String)? {
        for name in names { if let value = self[name] { return (value, name) } }
        return nil
    }

    func truth(_ name: String) -> Bool? { self[name].map { $0.lowercased() == "true" || $0 == "1" } }

    // MARK: - Profiles

    /// The profile in use, and where its name came from.
    var profile: (name: String, source: String) {
        if let explicitProfile { return (explicitProfile, "address") }
        return first("AWS_PROFILE", "AWS_DEFAULT_PROFILE").map { ($0.value, $0.source) } ?? ("default", "default")
    }

    /// A value of a profile: the credentials file's goes before the configuration's, as in every AWS tool.
    /// - Throws: `configuration` for a file that cannot be read.
    func value(_ key: String, ofProfile name: String) throws(TransportError) -> String? {
        if let value = try credentials.get()[name, key] { return value }
        return try config.get()[name == "default" ? name : "profile \(name)", key]
    }

    func value(_ key: String) throws(TransportError) -> String? { try value(key, ofProfile: profile.name) }

    func hasProfile(_ name: String) throws(TransportError) -> Bool {
        let section = name == "default" ? name : "profile \(name)"
        let (first, second) = (try credentials.get(), try config.get())
        return first.sections[name] != nil || second.sections[section] != nil
    }

    /// `endpoint_url` of the profile's section of services, or of the profile itself.
    func endpoint(ofService service: String) throws(TransportError) -> String? {
        if let name = try value("services"), let found = try config.get()["services \(name)", "\(service).endpoint_url"] { return found }
        return try value("endpoint_url")
    }
}
