// The header is all that this target holds; this says that C can read it by itself, and that structs are laid out as other languages
// declare them.
#include "fewtap.h"

#include <stddef.h>

_Static_assert(sizeof(fewtap_error) == 1024, "an error is a kibibyte");
_Static_assert(sizeof(fewtap_status) == 4, "enumerations are of 32 bits");
_Static_assert(offsetof(fewtap_image, type) == 56, "an image's enumerations follow its strides");
