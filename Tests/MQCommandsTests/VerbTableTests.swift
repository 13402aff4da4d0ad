import Testing

@testable import MQCommands

extension VerbTable: CustomTestStringConvertible {
    public var testDescription: String { name }
}

/// What holds for the table of every verb; one that is added is looked at without a word here.
@Suite(.timeLimit(.minutes(1)))
struct VerbTableTests {
    @Test func theListNamesEachTable() {
        for (name, type) in Verbs.all { #expect(type.table.name == name.description) }
        #expect(Set(Verbs.tables.map(\.name)).count == Verbs.all.count)
    }

    @Test(arguments: Verbs.tables)
    func everythingIsDescribed(table: VerbTable) {
        #expect(table.isHidden == table.name.hasPrefix("__"))
        #expect(table.summary.hasSuffix(".") && table.summary.first?.isUppercase == true)
        for operand in table.operands { #expect(operand.help.hasSuffix("."), "\(operand.name)") }
        for flag in table.flags {
            #expect(flag.help.hasSuffix("."), "--\(flag.name)")
            #expect(flag.help.first?.isUppercase == true, "--\(flag.name)")
        }
        if !table.isHidden { #expect(table.operands.isEmpty == table.examples.isEmpty, "examples of mq \(table.name)") }
    }

    @Test(arguments: Verbs.tables)
    func noNameStandsForTwoThings(table: VerbTable) {
        let names = table.flags.flatMap(\.names)
        #expect(Set(names).count == names.count)
        // What takes all that is left comes last, but for a command.
        let plain = table.operands.filter { !$0.isCommand }
        #expect(plain.dropLast().allSatisfy { !$0.repeats && $0.isRequired })
        #expect(table.operands.dropLast().allSatisfy { !$0.isCommand })
    }

    /// Forms that are written by hand name what there is.
    @Test(arguments: Verbs.tables)
    func formsNameWhatThereIs(table: VerbTable) {
        let operands = Set(table.operands.map(\.name) + table.flags.map(\.placeholder) + ["OPTION"])
        for word in table.forms.flatMap({ $0.split(separator: " ") }) {
            for bare in word.filter({ !"[].".contains($0) }).split(separator: "|").map(String.init) where bare != "--" {
                #expect(bare.hasPrefix("-") ? table.flags.contains { $0.names.contains(bare) } : operands.contains(bare), "\(word)")
            }
        }
    }

    /// An example that would not parse teaches a mistake.
    @Test(arguments: Verbs.tables)
    func everyExampleIsUnderstood(table: VerbTable) throws {
        for line in table.examples.flatMap(\.lines) {
            for command in line.split(separator: " | ") where command.hasPrefix("mq ") {
                let words = Self.words(command.dropFirst(3)).prefix { !["<", ">", "||"].contains($0) }
                _ = try Program.parse(Array(words))
            }
        }
    }

    /// Words of a shell with single quotes.
    private static func words(_ line: Substring) -> [String] {
        var words = [""]
        var isQuoted = false
        for character in line {
            if character == "'" {
                isQuoted.toggle()
            } else if character == " " && !isQuoted {
                words.append("")
            } else {
                words[words.count - 1].append(character)
            }
        }
        return words
    }

    @Test(arguments: Verbs.tables)
    func helpFitsATerminal(table: VerbTable) {
        let text = HelpText.verb(table, among: Verbs.tables)
        for line in text.split(separator: "\n") { #expect(line.count <= 80, "\(line.count): \(line)") }
        for flag in table.flags { #expect(text.contains("--\(flag.name)")) }
        #expect(text.contains("Usage: mq \(table.name)"))
    }

    @Test func theHelpOfAllFitsATerminalAndGroupsTheVerbs() {
        let text = HelpText.root(Verbs.tables)
        for line in text.split(separator: "\n") { #expect(line.count <= 80, "\(line.count): \(line)") }
        let headings = text.split(separator: "\n").filter { $0.hasSuffix(":") && $0.first?.isUppercase == true }
        #expect(headings == ["Messages:", "Work:", "Smoke tests:", "Queues:", "Measuring:", "About:", "Examples:"])
        for table in Verbs.tables { #expect(text.contains("\n  \(table.name) ") != table.isHidden) }
    }

    @Test func theHelpOfBenchShowsItsVerbs() {
        let text = HelpText.verb(Bench.table, among: Verbs.tables)
        for form in ["mq bench ADDRESS... [OPTION...]", "mq bench compare OLD NEW [OPTION...]", "mq bench report FILE... [OPTION...]"] {
            #expect(text.contains(form))
        }
    }
}
