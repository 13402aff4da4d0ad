import MQCore

/// What a status means for its message, where that differs from what it usually means: `--on 3=reject --on 10-19=ok`.
struct VerdictRules: Sendable, Equatable {
    /// What becomes of a message.
    enum Word: String, CaseIterable, Sendable {
        case ok, retry, reject, stop
    }

    private struct Rule: Sendable, Equatable {
        var codes: [ClosedRange<Int>]
        var word: Word
        var text: String
    }

    private var rules: [Rule] = []

    init() {}

    /// - Parameters:
    ///   - texts: each `CODE=WORD`; several codes are separated by commas, and ranges are written `10-19`.
    ///   - codes: the statuses there are.
    ///   - what: a status, for a sentence: `an exit status`, `an HTTP status`.
    /// - Throws: `usage` for what is no rule, or for two rules that say different things of one status.
    init(parsing texts: [String], codes: ClosedRange<Int>, what: String) throws(TransportError) {
        for text in texts {
            let rule = try Self.rule(text, codes, what)
            for other in rules where other.word != rule.word {
                for codes in other.codes {
                    guard let common = rule.codes.first(where: { $0.overlaps(codes) })?.clamped(to: codes) else { continue }
                    throw TransportError(
                        .usage, "--on \(text) contradicts --on \(other.text): both say what \(common.lowerBound) means")
                }
            }
            rules.append(rule)
        }
    }

    /// What the rules say of a status, if anything.
    func word(for code: Int) -> Word? {
        rules.first { $0.codes.contains { $0.contains(code) } }?.word
    }

    private static func rule(_ text: String, _ codes: ClosedRange<Int>, _ what: String) throws(TransportError) -> Rule {
        let words = Word.allCases.map(\.rawValue)
        guard let equals = text.utf8.lastIndex(of: UInt8(ascii: "=")) else {
            throw TransportError(
                .usage, "--on '\(text)' does not say what the status means",
                hint: "--on \(codes.upperBound)=reject, or another of \(words.joined(separator: ", "))")
        }
        let name = String(text[text.utf8.index(after: equals)...])
        guard let word = Word(rawValue: name) else {
            let near = Suggestion.nearest(to: name, in: words)
            throw TransportError(
                .usage, "--on '\(text)': '\(name)' is not one of \(words.joined(separator: ", "))", hint: near.map { "did you mean \($0)?" }
            )
        }
        var ranges: [ClosedRange<Int>] = []
        for part in text[..<equals].split(separator: ",", omittingEmptySubsequences: false) {
            let ends = part.split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false).map { end in
                end.utf8.allSatisfy { (0x30...0x39).contains($0) } ? Int(end) : nil
            }
            guard let low = ends[0], let high = ends[ends.count - 1], codes.contains(low), codes.contains(high), low <= high else {
                throw TransportError(
                    .usage, "--on '\(text)': '\(part)' is not \(what) from \(codes.lowerBound) to \(codes.upperBound), or a range of them")
            }
            ranges.append(low...high)
        }
        return Rule(codes: ranges, word: word, text: text)
    }
}
