import MQCore

/// Puts what would help against an error into the words of the verb that fails: the flags it has, and the address it was given.
struct RemedyWords: Sendable {
    /// The verb that speaks, which is not advised to call itself.
    var verb = ""
    /// Whether the verb has a long flag, `--create`. Asked only when something failed.
    var hasFlag: @Sendable (String) -> Bool = { _ in false }

    /// For errors about a queue that the verb's flags do not concern, the one for dead letters.
    var withoutFlags: RemedyWords { RemedyWords(verb: verb) }

    /// The error with what would help among its hints.
    /// - Parameter address: of the queue the error is about, as the person wrote it.
    func worded(_ error: TransportError, at address: String?) -> TransportError {
        guard let remedy = error.remedy else { return error }
        var error = error
        error.remedy = nil
        if let words = words(for: remedy, at: address) {
            error.hint = error.hint.map { "\($0)\($0.hasSuffix("?") ? "" : ";") \(words)" } ?? words
        }
        return error
    }

    /// - Returns: `nil` where nothing that this verb can do would help.
    func words(for remedy: Remedy, at address: String?) -> String? {
        let place = address.map { " " + ShellWord.quoted($0) } ?? ""
        return switch remedy {
        case .skip: flag("--on-error", " skip goes on without it")
        case .skipEmpty: flag("--skip-empty", " leaves them out")
        case .wait: flag("--timeout", " says how long to wait")
        case .retry: flag("--retry", " reconnects")
        case .replace: flag("--force", " replaces it")
        case .newIdentity: flag("--new-dedup", " gives messages new deduplication ids")
        case .destination: flag("--to", " says where the messages go")
        case .ifMissing: joined(flag("--if-missing", " takes that for success"), command("stat", place, "shows it"))
        case .create: joined(command("create", place, "makes it"), flag("--create", ""), by: ", or ")
        case .reconfigure(let options): command("create", place + options.map { " -o \($0)" }.joined(), "changes it")
        case .show(let what): command("stat", place, "shows \(what)")
        case .list: command("list", address.flatMap(Address.scheme).map { " \($0):" } ?? "", "shows those there are")
        case .explain(let what): command("explain", place, "shows \(what)")
        case .option(let option, let effect): "-o \(option) \(effect)"
        }
    }

    private func flag(_ name: String, _ effect: String) -> String? { hasFlag(name) ? name + effect : nil }

    private func command(_ verb: String, _ words: String, _ effect: String) -> String? {
        verb == self.verb ? nil : "mq \(verb)\(words) \(effect)"
    }

    private func joined(_ first: String?, _ second: String?, by separator: String = "; ") -> String? {
        guard let first, let second else { return first ?? second }
        return first + separator + second
    }
}
