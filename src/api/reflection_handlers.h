#pragma once

namespace martlet::api {

class MethodTable;

/// Server reflection, v1 and v1alpha, over the table's services and the compiled-in descriptors:
/// what grpcurl and the like ask for. The table is kept by reference.
void AddReflectionHandlers(MethodTable& table);

}  // namespace martlet::api
