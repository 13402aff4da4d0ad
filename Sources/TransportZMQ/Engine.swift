import MQCore

/// Who speaks ZMTP: this program, or libzmq.
enum Engine: String, CaseIterable, Sendable {
    case native, libzmq

    /// Who speaks where nobody says and nothing else is needed.
    static let standard = Engine.native

    /// Options that only libzmq has.
    static let libzmqOptions: Set<String> = [
        "conflate", "socks", "connect-routing-id", "gssapi-plaintext", "gssapi-principal", "gssapi-principal-nametype", "gssapi-server",
        "gssapi-service-principal", "gssapi-service-principal-nametype",
        "multicast-hops", "multicast-maxtpdu", "probe-router", "rate", "recovery-ivl", "router-handover",
        "router-mandatory", "router-raw", "stream-notify", "vmci-buffer-max-size", "vmci-buffer-min-size",
        "vmci-buffer-size", "vmci-connect-timeout", "xpub-welcome-msg", "zap-domain", "curve-server", "server-key", "public-key",
        "secret-key", "allow-keys",
    ]

    /// An option whose help says so where only libzmq has it.
    static func marked(_ spec: OptionSpec) -> OptionSpec {
        guard libzmqOptions.contains(spec.key) else { return spec }
        return OptionSpec(
            spec.key, spec.kind, standard: spec.standard, scope: spec.scope, repeatable: spec.repeatable, help: spec.help + " (libzmq)")
    }

    /// - Throws: `usage` when what was asked for excludes each other.
    static func choose(
        _ options: OptionValues, _ settings: Settings, _ endpoints: [Endpoint], _ opening: Opening
    ) throws(TransportError) -> Engine {
        for endpoint in endpoints { try endpoint.check(opening) }
        let wanted = options.text("engine").flatMap(Engine.init) ?? (standard == .native || settings.resends ? nil : standard)
        if wanted == .libzmq {
            if settings.resends { throw TransportError(.usage, "resend needs engine=native") }
            return .libzmq
        }
        guard let reason = settings.type == .stream ? "a stream socket" : need(of: options, endpoints) else { return .native }
        if wanted == .native { throw TransportError(.usage, "engine=native cannot do it: \(reason) needs libzmq") }
        if settings.resends { throw TransportError(.usage, "resend needs engine=native, and \(reason) needs libzmq") }
        opening.notices.detail("engine libzmq: \(reason) needs it")
        return .libzmq
    }

    /// What needs libzmq.
    private static func need(of options: OptionValues, _ endpoints: [Endpoint]) -> String? {
        if let option = options.entries.first(where: { libzmqOptions.contains($0.key) }) { return "option \(option.key)" }
        for endpoint in endpoints {
            switch endpoint.medium {
            case .inproc, .other: return endpoint.text
            case .tcp(let source?, _, _) where Endpoint.source(source) == nil: return "the source address in \(endpoint.text)"
            case .tcp, .ipc, .abstract: continue
            }
        }
        return nil
    }
}
