// One of the loops that every message goes through, alone, so that its instructions can be counted: mq-loops NAME COUNT.
// Scripts/instructions counts within `measured` only. Not installed.
import Glibc
import MQCore
import TransportMemory
import TransportPOSIXMQ

/// What is counted: its name is how callgrind finds it.
@inline(never)
func measured(_ body: () throws(TransportError) -> Void) throws(TransportError) { try body() }

let bodySize = 100
let batchSize = 256
let stop = StopFlag()
let opening = Opening(stop: stop)

func filled(_ count: Int, gap: Batch.Gap = Batch.Gap()) -> Batch {
    var batch = Batch(gap: gap, byteCapacity: count * (bodySize + 8))
    for _ in 0..<count { batch.append([UInt8](repeating: UInt8(ascii: "x"), count: bodySize)) }
    return batch
}

/// Lines, found in what a read brings, as `send` reads them.
func framingIn(_ count: Int) throws(TransportError) {
    let chunk = [UInt8](repeating: UInt8(ascii: "x"), count: bodySize) + [0x0a]
    let text = Array((0..<batchSize).map { _ in chunk }.joined())
    var parser = RecordParser(.lines)
    var batch = Batch(byteCapacity: 1 << 17)
    try measured { () throws(TransportError) in
        for _ in 0..<count / batchSize {
            batch.prepareRefill(minimum: text.count).copyBytes(from: text)
            batch.refilled(text.count)
            try parser.frame(&batch, atEnd: false)
            guard batch.count == batchSize else { throw TransportError(.failure, "\(batch.count) lines") }
        }
    }
}

/// The terminators of received messages, looked for in the bodies and written between them, as `recv` writes them.
func framingOut(_ count: Int) throws(TransportError) {
    var batch = filled(batchSize, gap: Framing.lines.gap ?? Batch.Gap())
    try measured { () throws(TransportError) in
        for _ in 0..<count / batchSize {
            guard batch.firstContaining([0x0a], in: 0..<batchSize) == nil else { throw TransportError(.failure, "a newline") }
            batch.writeTerminators([0x0a], from: 0)
        }
    }
}

func memory(_ count: Int) throws(TransportError) -> MemoryTransport {
    let address = try Address(parsing: "mem:loops,depth=\(count)", syntax: .single)
    return try MemoryTransport(address, options: try OptionValues(address.options, for: MemoryTransport.descriptor))
}

func send(_ count: Int, _ batch: borrowing Batch, to sender: any Sender) throws(TransportError) {
    for _ in 0..<count / batch.count { _ = try sender.send(batch, 0..<batch.count, until: .never, stop: stop) }
}

func memorySend(_ count: Int) throws(TransportError) {
    let sender = try memory(count).openSender(opening)
    let batch = filled(batchSize)
    try measured { () throws(TransportError) in try send(count, batch, to: sender) }
}

func memoryReceive(_ count: Int) throws(TransportError) {
    let transport = try memory(count)
    let receiver = try transport.openReceiver(opening)
    try send(count, filled(batchSize), to: try transport.openSender(opening))
    var batch = Batch(byteCapacity: 1 << 17)
    try measured { () throws(TransportError) in
        var left = count / batchSize * batchSize
        while left > 0 {
            batch.removeAll()
            guard try receiver.receive(into: &batch, limit: batchSize, byteLimit: 1 << 17, until: .never, stop: stop) == .received else {
                throw TransportError(.failure, "nothing came")
            }
            try receiver.settle(last: batch.count, as: .acknowledge)
            left -= batch.count
        }
    }
}

/// There and back over a queue of the kernel, as many at a time as it holds: nothing ever waits.
func kernelQueue(_ count: Int) throws(TransportError) {
    let address = try Address(parsing: "posix-mq:/mq-loops-\(getpid()),maxmsg=8,msgsize=128", syntax: .single)
    let transport = try POSIXMQTransport(address, options: try OptionValues(address.options, for: POSIXMQTransport.descriptor))
    let admin = try transport.openAdmin(opening)
    _ = try admin.create(exclusive: true)
    let result = Result { () throws(TransportError) in
        let (sender, receiver) = (try transport.openSender(opening), try transport.openReceiver(opening))
        let messages = filled(8)
        var batch = Batch(byteCapacity: 1 << 12)
        try measured { () throws(TransportError) in
            for _ in 0..<count / 8 {
                _ = try sender.send(messages, 0..<8, until: .never, stop: stop)
                batch.removeAll()
                _ = try receiver.receive(into: &batch, limit: 8, byteLimit: 1 << 17, until: .never, stop: stop)
                guard batch.count == 8 else { throw TransportError(.failure, "\(batch.count) messages") }
            }
        }
    }
    try admin.delete()
    try result.get()
}

func fail(_ text: String, _ status: CInt) -> Never {
    let line = Array("mq-loops: \(text)\n".utf8)
    _ = write(2, line, line.count)
    exit(status)
}

let words = CommandLine.arguments
guard words.count == 3, let count = Int(words[2]), (1...1_000_000).contains(count / batchSize) else {
    fail("NAME COUNT", 64)
}
do throws(TransportError) {
    switch words[1] {
    case "framing-in": try framingIn(count)
    case "framing-out": try framingOut(count)
    case "mem-send": try memorySend(count)
    case "mem-receive": try memoryReceive(count)
    case "posix-mq": try kernelQueue(count)
    default: fail("no loop \(words[1])", 64)
    }
} catch {
    fail(error.message, 70)
}
