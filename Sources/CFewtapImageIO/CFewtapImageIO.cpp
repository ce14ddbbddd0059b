extern "C" int fewtap_imageio_placeholder() { return 0; }
