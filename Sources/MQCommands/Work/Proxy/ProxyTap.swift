import MQCore

/// Shows a capture what the relay moves, and says when it takes no more of that.
final class ProxyTap: RelayTap {
    private var capture: (any ProxyCapture)?
    private let name: String
    private let missed: MissedMessages
    private let console: Console
    private var isBehind = false
    private var shown = 0

    /// - Parameter name: of the capture, for sentences.
    init(_ capture: any ProxyCapture, named name: String, _ missed: MissedMessages, _ console: Console) {
        (self.capture, self.name, self.missed, self.console) = (capture, name, missed, console)
    }

    func moved(_ batch: borrowing Batch, _ range: Range<Int>, from side: RelaySide) {
        shown += range.count
        guard let capture else { return missed.add(range.count) }
        let taken: Int
        do throws(TransportError) { taken = try capture.take(batch, range, from: side) } catch { return fail(error) }
        guard taken < range.count else { return }
        missed.add(range.count - taken)
        if !isBehind {
            isBehind = true
            console.warn("\(name) takes messages more slowly than they come: those it has no room for are not captured, only counted")
        }
    }

    func paused() {
        do throws(TransportError) { try capture?.pause() } catch { fail(error) }
    }

    func close(until deadline: Deadline, stop: StopFlag) {
        do throws(TransportError) { try capture?.close(until: deadline, stop: stop) } catch { fail(error) }
        capture = nil
    }

    private func fail(_ error: TransportError) {
        // What it had taken and did not get rid of is lost as well.
        if let capture { missed.set(shown - capture.captured) }
        console.warn("\(name): \(error.sentence): nothing more is captured, and the proxy goes on")
        capture = nil
    }
}
