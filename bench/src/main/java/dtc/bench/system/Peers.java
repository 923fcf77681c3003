package dtc.bench.system;

import com.fasterxml.jackson.databind.cfg.PackageVersion;
import io.quarkus.bootstrap.resolver.maven.BootstrapMavenException;
import io.quarkus.bootstrap.resolver.maven.MavenArtifactResolver;
import java.io.File;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.eclipse.aether.artifact.DefaultArtifact;
import org.eclipse.aether.graph.Dependency;

/** The class paths of the peers, which Maven resolves for each separately. */
public final class Peers {

    /** Narayana 7.3 calls a method that is missing in the version that RESTEasy 6.2 depends on. */
    private static final String JBOSS_LOGGING = "org.jboss.logging:jboss-logging:3.6.1.Final";

    private final Path classes;
    private final Versions versions;

    /** Copies the benchmark's classes for the peers to {@code target}. */
    public Peers(ClassFiles classes, Path target, Versions versions) {
        this.classes = classes.copy("dtc/bench/peer", target.resolve("classes"));
        this.versions = versions;
    }

    /** The versions of the peers. */
    public record Versions(String narayana, String lra, String resteasy) {}

    String restAt() {
        return classPath(
                "org.jboss.narayana.rts:restat-api:" + versions.narayana(),
                "org.jboss.narayana.jta:narayana-jta:" + versions.narayana(),
                "org.jboss.resteasy:resteasy-undertow:" + versions.resteasy(),
                "org.jboss.resteasy:resteasy-core-spi:" + versions.resteasy(),
                "org.jboss.resteasy:resteasy-client:" + versions.resteasy(),
                "org.jboss.resteasy:resteasy-jaxb-provider:" + versions.resteasy());
    }

    String lra() {
        return classPath(
                "org.jboss.narayana.lra:lra-coordinator-jar:" + versions.lra(),
                "org.jboss.resteasy:resteasy-undertow:" + versions.resteasy(),
                "org.jboss.resteasy:resteasy-core-spi:" + versions.resteasy(),
                "org.jboss.resteasy:resteasy-client:" + versions.resteasy(),
                "org.jboss.resteasy:resteasy-json-p-provider:" + versions.resteasy(),
                "com.fasterxml.jackson.core:jackson-databind:" + PackageVersion.VERSION);
    }

    private String classPath(String first, String... others) {
        List<Dependency> dependencies = Stream.concat(Stream.of(JBOSS_LOGGING), Stream.of(others))
                .map(coordinates -> new Dependency(new DefaultArtifact(coordinates), "runtime"))
                .toList();
        try {
            String jars = MavenArtifactResolver.builder()
                    .setWorkspaceDiscovery(false)
                    .build()
                    .resolveDependencies(new DefaultArtifact(first), dependencies)
                    .getArtifactResults()
                    .stream()
                    .map(result -> result.getArtifact().getFile().toString())
                    .collect(Collectors.joining(File.pathSeparator));
            return classes + File.pathSeparator + jars;
        } catch (BootstrapMavenException broken) {
            throw new IllegalStateException("cannot resolve the class path of a peer", broken);
        }
    }
}
