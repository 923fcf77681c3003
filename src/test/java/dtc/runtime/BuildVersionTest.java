package dtc.runtime;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dtc.testing.NoApplication;
import java.util.Properties;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@NoApplication
class BuildVersionTest {

    private static final String HASH = "0123456789abcdef0123456789abcdef01234567";

    /**
     * A build in a repository, in a source archive, in a directory without either, and in a repository of an archive.
     */
    @ParameterizedTest
    @CsvSource(textBlock = """
                    0123456789abcdef0123456789abcdef01234567, $Format:%H$, 0123456789abcdef0123456789abcdef01234567
                    ${git.commit.id}, 0123456789abcdef0123456789abcdef01234567, 0123456789abcdef0123456789abcdef01234567
                    unknown, $Format:%H$, unknown
                    ${git.commit.id}, $Format:%H$, unknown
                    0123456789abcdef0123456789abcdef01234567, aaaaaaa, 0123456789abcdef0123456789abcdef01234567
                    """)
    void the_commit_is_that_of_the_repository_or_of_the_archive(String commit, String archived, String expected) {
        Properties properties = new Properties();
        properties.setProperty("version", "1.2.3");
        properties.setProperty("commit", commit);
        properties.setProperty("archived", archived);
        assertEquals(new BuildVersion("1.2.3", expected), BuildVersion.of(properties));
    }

    @Test
    void a_person_reads_the_beginning_of_the_commit() {
        assertEquals("1.2.3 (commit 0123456789ab)", new BuildVersion("1.2.3", HASH).toString());
        assertEquals("1.2.3 (commit unknown)", new BuildVersion("1.2.3", BuildVersion.UNKNOWN).toString());
    }

    @Test
    void the_build_has_filled_in_the_version() {
        assertTrue(BuildVersion.CURRENT.version().matches("\\d+\\.\\d+\\.\\d+(-.+)?"), BuildVersion.CURRENT::version);
    }
}
