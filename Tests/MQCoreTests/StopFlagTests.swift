import Glibc
import MQCore
import MQStandIns
import Testing

@Suite(.timeLimit(.minutes(1)))
struct StopFlagTests {
    /// Whoever raises it repeats a signal until the thread has left its call. A thread that lowers the flag and enters the next call at
    /// once must not be taken for one that is still in the last.
    @Test func raisingEndsThoughTheWaitingThreadIsBackInACall() throws {
        let (flag, mayEnd) = (StopFlag(), StopFlag())
        let waiting = Background {
            var ended = 0
            while !mayEnd.isRaised {
                _ = flag.interrupting { usleep(20_000) }
                if flag.isRaised {
                    flag.lower()
                    ended += 1
                }
            }
            return ended
        }
        let raising = Background { for _ in 0..<200 { flag.raise() } }
        let deadline = Deadline.after(.seconds(20))
        while !raising.isDone && !deadline.hasPassed { usleep(1000) }
        #expect(raising.isDone, "the flag is still being raised")
        mayEnd.raise()
        #expect(try waiting.join() > 0)
        try raising.join()
    }
}
