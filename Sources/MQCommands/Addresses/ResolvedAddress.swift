import MQCore

/// An address whose options have been checked, and the transport it belongs to.
struct ResolvedAddress {
    let address: Address
    let options: OptionValues
    let descriptor: Descriptor
    private let transportType: any Transport.Type

    /// Understands what a person typed: an alias, or a scheme this build knows, with the options of `-o` added.
    init(_ text: String, options flags: [String], aliases: () throws(TransportError) -> [String: String] = Configuration.aliases)
        throws(TransportError)
    {
        if text == "-" {
            throw TransportError(
                .usage, "'-' is not an address",
                hint: "mq send reads standard input and mq recv writes standard output by themselves: mq send posix-mq:/jobs <FILE")
        }
        let (parsed, type) = try Self.parse(text, aliases)
        transportType = type
        descriptor = type.descriptor
        // What an alias says and the address says otherwise is not printed: the option would be given twice.
        var entries = try OptionValues(parsed.options, for: type.descriptor).entries
        address = Address(scheme: parsed.scheme, targets: parsed.targets, options: entries, syntax: parsed.syntax)
        for flag in flags { entries.append(try Address.option(flag, source: .flag)) }
        options = try OptionValues(entries, for: type.descriptor)
    }

    private static func parse(
        _ text: String, _ aliases: () throws(TransportError) -> [String: String]
    ) throws(TransportError) -> (Address, any Transport.Type) {
        if text.hasPrefix("@") { return try expand(text, aliases) }
        let type = try transport(for: text)
        return (try Address(parsing: text, syntax: type.descriptor.targetSyntax, keys: type.descriptor.optionKeys), type)
    }

    private static func transport(for text: String) throws(TransportError) -> any Transport.Type {
        guard let scheme = Address.scheme(of: text) else {
            let hint = text.hasPrefix("/") ? "posix-mq:\(text)?" : "addresses look like posix-mq:/name; mq transports lists the schemes"
            throw TransportError(.usage, "'\(text)' is not an address", hint: hint)
        }
        if let type = Registry.transport(forScheme: scheme) { return type }
        let schemes = Registry.descriptors.flatMap(\.schemes)
        let near = Suggestion.nearest(to: scheme, in: schemes)
        throw TransportError(
            .usage, "unknown scheme '\(scheme):'",
            hint: near.map { "did you mean \($0):?" } ?? "this build knows \(schemes.joined(separator: ", "))")
    }

    /// `@name[/rest][,options]`: the rest goes behind the alias's first target, the options behind its own.
    private static func expand(
        _ text: String, _ aliases: () throws(TransportError) -> [String: String]
    ) throws(TransportError) -> (Address, any Transport.Type) {
        let (listed, query) = Address.dividingQuery(text.dropFirst())
        let parts = listed.utf8.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false).map { Substring($0) }
        let slash = parts[0].utf8.firstIndex(of: UInt8(ascii: "/"))
        let name = String(parts[0][..<(slash ?? parts[0].endIndex)])
        let (base, type) = try meaning(of: name, aliases)
        var targets = base.targets
        if let slash {
            // The slash of posix-mq:/ or nsq://host/ is not doubled.
            let rest = Address.decoded(parts[0][slash...])
            targets[0] += targets[0].utf8.last == UInt8(ascii: "/") ? String(rest.utf8.dropFirst())! : rest
        }
        var entries = base.options
        for part in parts.dropFirst() { entries.append(try Address.option(part, source: .address)) }
        entries += try Address.options(ofQuery: query, source: .address)
        return (Address(scheme: base.scheme, targets: targets, options: entries, syntax: base.syntax), type)
    }

    /// The address behind an alias.
    private static func meaning(
        of name: String, _ aliases: () throws(TransportError) -> [String: String]
    ) throws(TransportError) -> (Address, any Transport.Type) {
        let known = try aliases()
        guard let value = known[name] else {
            let near = Suggestion.nearest(to: name, in: known.keys.sorted())
            throw TransportError(
                .usage, "there is no alias '@\(name)'",
                hint: near.map { "did you mean @\($0)?" } ?? Configuration.whereabouts)
        }
        do {
            let type = try transport(for: value)
            return (
                try Address(parsing: value, syntax: type.descriptor.targetSyntax, keys: type.descriptor.optionKeys, source: .alias(name)),
                type
            )
        } catch {
            throw TransportError(.configuration, "alias @\(name): \(error.message)", hint: error.hint, remedy: error.remedy)
        }
    }

    /// With `--create`: the address with the option that makes the queue, where the transport has one; otherwise it is made here,
    /// unless its first use does.
    func creating(_ isWanted: Bool, _ text: String, options flags: [String]) throws(TransportError) -> ResolvedAddress {
        guard isWanted else { return self }
        if descriptor.options.contains(where: { $0.key == "create" }) { return try ResolvedAddress(text, options: flags + ["create"]) }
        if descriptor.capabilities.contains(.createsOnUse) { return self }
        try require(.admin, for: "create a queue", instead: "leave --create out")
        _ = try transport().openAdmin(Opening(stop: StopFlag())).create(exclusive: false)
        return self
    }

    /// The transport behind the address; nothing is opened.
    func transport() throws(TransportError) -> any Transport { try transportType.init(address, options: options) }

    /// - Throws: `unsupported`, before anything is opened.
    func require(_ capability: Capabilities, for purpose: String, instead: String? = nil) throws(TransportError) {
        guard !descriptor.capabilities.contains(capability) else { return }
        throw TransportError(.unsupported, "\(descriptor.name) cannot \(purpose)", hint: instead)
    }

    /// Whether messages that are sent to it come from `source`.
    func isSame(as source: ResolvedAddress) -> Bool {
        if address.short == source.address.short { return true }
        // The source of a broker's topic has more behind it than the topic.
        return descriptor.name == source.descriptor.name && descriptor.targetSyntax == .authority
            && source.address.short.hasPrefix(address.short + "/")
    }
}
