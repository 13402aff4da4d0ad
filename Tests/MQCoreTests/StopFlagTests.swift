import Glibc
import MQCore
import MQStandIns
import MQTesting
import Testing

@Suite(.ownThread, .timeLimit(.minutes(1)))
struct StopFlagTests {
    /// Whoever raises it repeats a signal until the thread has left its call. A thread that lowers the flag and enters the next call at
    /// once must not be taken for one that is still in the last.
    @Test func raisingEndsThoughTheWaitingThreadIsBackInACall() throws {
        let (flag, hasBegun, mayEnd) = (StopFlag(), StopFlag(), StopFlag())
        let waiting = Background {
            var ended = 0
            hasBegun.raise()
            repeat {
                _ = flag.interrupting { usleep(20_000) }
                if flag.isRaised {
                    flag.lower()
                    ended += 1
                }
            } while !mayEnd.isRaised
            return ended
        }
        try #require(eventually { hasBegun.isRaised })
        let raising = Background { for _ in 0..<200 { flag.raise() } }
        #expect(eventually(within: .seconds(20)) { raising.isDone }, "the flag is still being raised")
        mayEnd.raise()
        #expect(try waiting.join() > 0)
        try raising.join()
    }
}
