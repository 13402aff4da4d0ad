import MQCore
import Testing

@Suite(.timeLimit(.minutes(1)))
struct PiecesTests {
    @Test func aWordIsFoundWhereverItStands() {
        #expect("certificate".holds("cert") && "certificate".holds("cate") && "certificate"[...].holds("if") && "é".holds("é"))
        #expect(!"".holds("a") && !"ab".holds("abc") && !"aXb".holds("ab") && !"aab".holds("aabb"))
    }

    @Test func everyOccurrenceIsReplaced() {
        #expect("a&lt;b&lt;".replacingAll("&lt;", with: "<") == "a<b<")
        #expect("aaa".replacingAll("aa", with: "b") == "ba")
        #expect("".replacingAll("a", with: "b") == "" && "é\u{301}".replacingAll("x", with: "") == "é\u{301}")
        #expect("\"x\"".replacingAll("\"", with: "''") == "''x''")
    }
}
