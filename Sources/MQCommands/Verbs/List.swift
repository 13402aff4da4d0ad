import MQCore

struct List: Verb {
    static let table = VerbTable(
        "list", .queues, .reads, "List queues, and the limits they share.",
        description: [
            .text(
                "Without a scheme, lists every kind of queue that this machine has. Limits are shown with how full they are and what raises them."
            )
        ],
        operands: [Operand("SCHEME", .optional, .scheme, help: "A scheme with its colon, or an address whose broker to ask.")],
        sections: [VerbTable.Section("What to list", [nodes]), VerbTable.Section("Output", [.json])],
        examples: [
            VerbTable.Example("The queues of this machine's kernel:", "mq list"),
            VerbTable.Example("POSIX queues that hold messages:", "mq list posix-mq: --json | jq '.queues[] | select(.messages > 0)'"),
            VerbTable.Example("Every nsqd that nsqlookupd knows:", "mq list nsqlookup://lookup1 --nodes"),
        ],
        statuses: [69, 76, 77, 78])

    private static let nodes = Flag(
        "nodes", help: "List the brokers that hold the queues instead, where the transport has several; --json shows their queues, too.")

    let words: Arguments
    init(_ words: Arguments) { self.words = words }

    func perform(_ console: Console) throws(TransportError) -> Ending {
        let address = words.word("SCHEME")
        if words.has(Self.nodes) { return try listNodes(address, console) }
        let texts: [String]
        if let address {
            texts = [address.contains(":") || address.hasPrefix("@") ? address : address + ":"]
        } else {
            texts = Registry.descriptors.filter { $0.capabilities.contains(.admin) && $0.listsByDefault }.map { $0.schemes[0] + ":" }
        }
        var listings: [(Descriptor, QueueListing)] = []
        for text in texts {
            do throws(TransportError) {
                let resolved = try ResolvedAddress(text, options: address == nil ? [] : words.texts(.option))
                try resolved.require(.admin, for: "list queues")
                listings.append((resolved.descriptor, try Administration.open(resolved, console).list()))
            } catch {
                if address != nil { throw error }
                console.warn("\(text) \(console.remedies.worded(error, at: text).sentence)")
            }
        }
        if words.has(.json) {
            try Results.print(Self.json(listings))
        } else {
            for (index, (descriptor, listing)) in listings.enumerated() {
                if index > 0 { try Results.print("\n") }
                try Results.print(Self.text(descriptor, listing))
            }
        }
        return .success
    }

    private func listNodes(_ address: String?, _ console: Console) throws(TransportError) -> Ending {
        guard let address else {
            throw TransportError(.usage, "--nodes asks the brokers of an address", hint: "mq list nsqlookup://host --nodes")
        }
        let resolved = try ResolvedAddress(
            address.contains(":") || address.hasPrefix("@") ? address : address + ":", options: words.texts(.option))
        try resolved.require(.nodes, for: "list nodes", instead: "mq list lists its queues")
        let listing = try Administration.open(resolved, console).nodes()
        if words.has(.json) {
            try Results.print(["nodes": .array(listing.queues.map { Administration.json($0, resolved.descriptor) })])
        } else {
            try Results.print(listing.queues.isEmpty ? "\(resolved.descriptor.name): no nodes\n" : Administration.table(listing))
        }
        return .success
    }

    private static func text(_ descriptor: Descriptor, _ listing: QueueListing) -> String {
        var text = listing.queues.isEmpty ? "\(descriptor.name): no queues\n" : Administration.table(listing)
        for limit in listing.limits {
            let used = limit.used.map { "\(Quantity.grouped($0)) of " } ?? "up to "
            text += "  \(used)\(limit.fact.value.text) \(limit.fact.label)  [\(limit.remedy)]\n"
        }
        return text
    }

    private static func json(_ listings: [(Descriptor, QueueListing)]) -> JSONTree {
        let queues = listings.flatMap { descriptor, listing in listing.queues.map { Administration.json($0, descriptor) } }
        let limits = listings.flatMap { descriptor, listing in listing.limits.map { json($0, descriptor) } }
        return ["queues": .array(queues), "limits": .array(limits)]
    }

    private static func json(_ limit: QueueLimit, _ descriptor: Descriptor) -> JSONTree {
        [
            "transport": .string(descriptor.name), "name": .string(limit.fact.key), "limit": limit.fact.value.tree,
            "used": limit.used.map { .integer($0) } ?? .null, "remedy": .string(limit.remedy),
        ]
    }
}
