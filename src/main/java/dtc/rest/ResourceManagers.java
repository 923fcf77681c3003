package dtc.rest;

import dtc.runtime.Registration;

/**
 * The client for each resource manager.
 *
 * @param kept keeps its connections
 * @param closed closes each after its answer
 */
public record ResourceManagers(ResourceManagerApi kept, ResourceManagerApi closed) {

    ResourceManagerApi of(Registration target) {
        return target.keepsAlive() ? kept : closed;
    }
}
