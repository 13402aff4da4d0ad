import MQCore
import Testing

@testable import MQNet

@Suite struct CurlLibraryTests {
    @Test func aMissingLibraryIsASentenceThatNamesThePackage() throws {
        let error = #expect(throws: TransportError.self) { _ = try CurlLibrary(opening: "libcurl-of-nobody.so.4") }
        #expect(error?.code == .configuration)
        #expect(error?.hint?.contains("libcurl4") == true)
    }

    @Test func aLibraryThatIsNotCurlIsToldFromIt() {
        let error = #expect(throws: TransportError.self) { _ = try CurlLibrary(opening: "libm.so.6") }
        #expect(error?.message.contains("curl_") == true)
    }
}
