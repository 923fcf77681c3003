package dtc.security;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.net.InetAddress;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class HostRulesTest {

    private static final HostRules SOME = new HostRules(List.of("127.0.0.1", "[::1]", "*.rm.test", " Stock.Test "));
    private static final HostRules ALL = new HostRules(List.of("*"));

    @ParameterizedTest
    @CsvSource({
        "http://127.0.0.1:80, true, true",
        "http://[::1]:80, true, true",
        "http://[0:0:0:0:0:0:0:1]:80, true, true",
        "http://a.rm.test/base, true, true",
        "http://STOCK.test, true, true",
        "http://rm.test, false, true",
        "http://arm.test, false, true",
        "http://127.0.0.2, false, true",
        "http://10.0.0.1, false, true",
        "http://127.1, false, false",
        "http://169.254.1.1, false, false",
        "http://[fe80::1], false, false",
        "http://[2002:a9fe:a9fe::1], false, false",
        "http://[::169.254.169.254], false, false",
        "http://a.rm.test., false, false"
    })
    void matches_urls(String url, boolean some, boolean all) {
        assertEquals(some, SOME.allow(url));
        assertEquals(all, ALL.allow(url));
    }

    @ParameterizedTest
    @CsvSource({
        "10.0.0.1, true, true",
        "2001:db8::1, true, true",
        "64:ff9b::a00:1, true, true",
        "127.0.0.1, true, true",
        "::1, true, true",
        "127.0.0.2, false, true",
        "::ffff:127.0.0.2, false, true",
        "64:ff9b::7f00:1, false, false",
        "2002:7f00:1::, false, false",
        "169.254.169.254, false, false",
        "::ffff:169.254.169.254, false, false",
        "64:ff9b::a9fe:a9fe, false, false",
        "fd00:ec2::254, false, false",
        "168.63.129.16, false, false",
        "0.0.0.0, false, false",
        "::, false, false",
        "ff02::1, false, false"
    })
    void matches_the_address_of_a_connection(String address, boolean some, boolean all) {
        assertEquals(some, SOME.allow(InetAddress.ofLiteral(address)));
        assertEquals(all, ALL.allow(InetAddress.ofLiteral(address)));
    }
}
