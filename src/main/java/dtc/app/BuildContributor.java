package dtc.app;

import dtc.runtime.BuildVersion;
import io.quarkus.info.runtime.spi.InfoContributor;
import jakarta.inject.Singleton;
import java.util.Map;

/** The version and the commit in {@code /q/info}. */
@Singleton
final class BuildContributor implements InfoContributor {

    @Override
    public String name() {
        return "build";
    }

    @Override
    public Map<String, Object> data() {
        return Map.of("version", BuildVersion.CURRENT.version(), "commit", BuildVersion.CURRENT.commit());
    }
}
